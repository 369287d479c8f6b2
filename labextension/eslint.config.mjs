import jupyter from '@jupyter/eslint-plugin';
import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['**/lib/**', '**/node_modules/**', '**/src/api/schema.ts'] },
  {
    files: ['labextension/{src,test}/**/*.{ts,tsx}'],
    extends: [eslint.configs.recommended, ...tseslint.configs.strictTypeChecked],
    plugins: { jupyter },
    languageOptions: {
      parserOptions: { project: 'tsconfig.test.json', tsconfigRootDir: import.meta.dirname }
    },
    rules: {
      ...jupyter.configs.recommended[0].rules,
      // A token and its interface share a name, and so do a class and the namespace of its options: JupyterLab's pattern.
      '@typescript-eslint/no-redeclare': 'off',
      '@typescript-eslint/no-namespace': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      // The bundle is loaded as a whole, and the sidebar is there from the start.
      'jupyter/prefer-lazy-imports': 'off',
      // A slot is connected with its `this`, which Jupyter's own rules see to.
      '@typescript-eslint/unbound-method': 'off',
      // Numbers read well in a text.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      curly: ['error', 'all'],
      'no-console': ['error', { allow: ['warn', 'error'] }]
    }
  },
  {
    files: ['labextension/test/**/*.{ts,tsx}'],
    rules: {
      // Texts of tests are nobody's to translate.
      'jupyter/no-untranslated-string': 'off',
      'jupyter/require-disposable-ownership': 'off',
      // What a browser has, jsdom may lack.
      '@typescript-eslint/no-unnecessary-condition': 'off'
    }
  }
);
