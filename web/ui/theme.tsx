import { useState } from "react";

type Theme = "system" | "light" | "dark";
const next: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const names: Record<Theme, string> = { system: "as the system", light: "light", dark: "dark" };
const icons: Record<Theme, string> = {
  system: "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 1 1 0 12",
  light:
    "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  dark: "M13 9.500A5.500 5.500 0 1 1 6.500 3a4.500 4.500 0 0 0 6.500 6.500z",
};
const key = "quipu-theme";

/** Before the first paint: what was chosen last time. */
export function applyTheme(theme: Theme = chosen()): void {
  const { dataset } = document.documentElement;
  if (theme === "system") delete dataset.theme;
  else dataset.theme = theme;
}

export function ThemeToggle() {
  const [theme, setTheme] = useState(chosen);
  const turn = () => {
    const to = next[theme];
    localStorage.setItem(key, to);
    applyTheme(to);
    setTheme(to);
  };
  return (
    <button
      type="button"
      className="icon-button"
      onClick={turn}
      aria-label={`Theme: ${names[theme]}`}
      title={`Theme: ${names[theme]}`}
    >
      <svg
        viewBox="0 0 16 16"
        width="16"
        height="16"
        fill={theme === "system" ? "currentColor" : "none"}
        fillOpacity={0.25}
        stroke="currentColor"
        strokeWidth="1.400"
        strokeLinecap="round"
        aria-hidden="true"
      >
        <path d={icons[theme]} />
      </svg>
    </button>
  );
}

function chosen(): Theme {
  const stored = localStorage.getItem(key);
  return stored === "light" || stored === "dark" ? stored : "system";
}
