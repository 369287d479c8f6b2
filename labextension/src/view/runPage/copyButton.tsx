import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

/** So long it is said that something was copied. */
const SAID_MS = 3_000;

interface ICopyButtonProps {
  text: string;
  /** What is copied, for who does not see where the button is. */
  label: string;
  trans: TranslationBundle;
  /** What is written on it. */
  children?: React.ReactNode;
}

/** Copies a text, and says so. */
export function CopyButton({ text, label, trans, children }: ICopyButtonProps): React.JSX.Element {
  const [copiedCount, setCopiedCount] = React.useState(0);
  React.useEffect(() => {
    if (copiedCount > 0) {
      const timer = window.setTimeout(() => setCopiedCount(0), SAID_MS);
      return () => window.clearTimeout(timer);
    }
    return;
  }, [copiedCount]);
  return (
    <span className="jp-AmlRunPage-copy">
      <button
        type="button"
        className="jp-AmlRunPage-button"
        aria-label={label}
        title={label}
        onClick={() => {
          // Not the browser's own clipboard, which is there on secure addresses only.
          Clipboard.copyToSystem(text);
          setCopiedCount(copiedCount + 1);
        }}
      >
        {children ?? trans.__('Copy')}
      </button>
      <span className="jp-AmlRunPage-note" role="status">
        {copiedCount > 0 && trans.__('Copied')}
      </span>
    </span>
  );
}
