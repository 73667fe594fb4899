import { useQuery, type UseQueryOptions } from "@tanstack/react-query";

interface ChoiceProps<K extends readonly unknown[]> {
  label: string;
  all: string;
  value: string | undefined;
  names: UseQueryOptions<string[], Error, string[], K>;
  readonly onChange: (value: string) => void;
}

/** One name out of few, or all. */
export function Choice<K extends readonly unknown[]>({ label, all, value = "", names, onChange }: ChoiceProps<K>) {
  const { data = [] } = useQuery(names);
  const known = value === "" || data.includes(value) ? data : [value, ...data];
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      className={value === "" ? "dim" : "chosen"}
    >
      <option value="">{all}</option>
      {known.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}
