import { expect, it } from "vitest";
import { postgresUrl } from "./postgres-url.ts";

it.each([
  ["postgres://quipu:s3cret@db.example:5433/fleet?sslmode=verify-full", "postgres://quipu@db.example:5433/fleet"],
  ["postgresql://db.example/fleet", "postgres://db.example/fleet"],
  ["postgres://quipu:s3cret%40%2F@[::1]:5432/fleet?password=s3cret", "postgres://quipu@[::1]:5432/fleet"],
  ["postgres:///fleet?user=quipu&host=/run/postgresql&port=5433", "postgres:///run/postgresql:5433/fleet"],
  ["postgres://quipu:s3cret@%2Frun%2Fpostgresql/fleet", "postgres://quipu@/run/postgresql/fleet"],
])("%s is shown without its password", (text, shown) => {
  expect(postgresUrl(text).shown).toBe(shown);
});

it.each([
  ["db.example/s3cret", "isn't a URL"],
  ["mysql://quipu:s3cret@db/fleet", "begins with mysql:"],
  ["postgres://quipu:s3cret@db.example", "names no database"],
  ["postgres://quipu:s3cret@db.example/", "names no database"],
  ["postgres:///s3cret", "names no host"],
  ["postgres://quipu:s3cret#1@db.example/fleet", "can't be read"],
  ["postgres://quipu:s3cret%@db.example/fleet", "can't be read"],
  ["postgres://quipu:x@db.example/fleet#s3cret", "has a #"],
  ["postgres://quipu:s3cret@db.example:port/fleet", "can't be read"],
])("%s is refused in words that don't repeat it", (text, why) => {
  expect(() => postgresUrl(text)).toThrow(expect.objectContaining({ code: "store-unreadable" }) as Error);
  expect(() => postgresUrl(text)).toThrow(why);
  expect(() => postgresUrl(text)).not.toThrow("s3cret");
});
