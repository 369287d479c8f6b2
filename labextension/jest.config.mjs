// JupyterLab publishes ES modules, which Jest cannot load as they are: these packages are compiled too.
const compiled = [
  '@codemirror',
  '@jupyter',
  '@jupyter-notebook',
  '@jupyterlab',
  '@lezer',
  '@lumino',
  '@marijn',
  '@microsoft',
  '@rjsf',
  'ansi_up',
  'exenv-es6',
  'lib0',
  'nanoid',
  'uplot',
  'y-protocols',
  'yjs'
].join('|');

export default {
  rootDir: '.',
  testEnvironment: 'jsdom',
  testMatch: ['<rootDir>/test/**/*.spec.{ts,tsx}'],
  setupFiles: ['<rootDir>/test/setup.ts'],
  moduleFileExtensions: ['ts', 'tsx', 'mjs', 'js', 'json'],
  moduleNameMapper: {
    '\\.css$': '<rootDir>/test/emptyModule.ts',
    '\\.svg$': '<rootDir>/test/svgModule.ts'
  },
  transform: {
    '\\.[mt]?[jt]sx?$': ['ts-jest', { tsconfig: '<rootDir>/tsconfig.jest.json', diagnostics: false }]
  },
  transformIgnorePatterns: [`/node_modules/(?!(${compiled})/)`],
  restoreMocks: true
};
