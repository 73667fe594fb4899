import { useId, type ButtonHTMLAttributes } from "react";

/** A button that can't be pressed says why, to the pointer and to those who listen. It stays in the order of tabs. */
export function Button({
  disabledBecause,
  type = "button",
  className = "button",
  onClick,
  children,
  ...rest
}: { disabledBecause?: string | undefined } & Omit<ButtonHTMLAttributes<HTMLButtonElement>, "disabled">) {
  const reason = useId();
  const off = disabledBecause !== undefined;
  return (
    <>
      <button
        {...rest}
        type={type}
        className={className}
        aria-disabled={off}
        title={disabledBecause}
        aria-describedby={off ? reason : undefined}
        onClick={(event) => {
          if (off) event.preventDefault();
          else onClick?.(event);
        }}
      >
        {children}
      </button>
      {off ? (
        <span id={reason} className="only-spoken">
          {disabledBecause}
        </span>
      ) : null}
    </>
  );
}
