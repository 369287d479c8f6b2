import React, { useRef, useState } from 'react';

/** Entries behind a button. It closes with a choice, with Escape, and when the focus goes elsewhere. */
export function Menu(props: {
  label: string;
  /** What it is called where the label does not say all. */
  ariaLabel?: string;
  className?: string;
  children: React.ReactNode;
}): React.JSX.Element {
  const { label, children, className = 'jp-AmlRunPage-button' } = props;
  const [isOpen, setIsOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  return (
    <div
      className="jp-AmlRunPage-menu"
      onBlur={event => {
        if (!event.currentTarget.contains(event.relatedTarget)) {
          setIsOpen(false);
        }
      }}
      onKeyDown={event => {
        if (event.key === 'Escape' && isOpen) {
          event.stopPropagation();
          setIsOpen(false);
          button.current?.focus(); // what had the focus is gone
        }
      }}
    >
      <button
        type="button"
        ref={button}
        className={className}
        aria-label={props.ariaLabel}
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
      >
        {label} <span aria-hidden="true">▾</span>
      </button>
      {isOpen && (
        <div
          className="jp-AmlRunPage-menuEntries"
          onClick={() => {
            setIsOpen(false);
            button.current?.focus();
          }}
        >
          {children}
        </div>
      )}
    </div>
  );
}
