import { expectTypeOf, test } from "vitest";
import type { ReleaseView as Served } from "../release/release-view.ts";
import type { ReleaseView } from "./release-view.ts";

test("what the server answers is what the CLI reads", () => {
  expectTypeOf<Served>().toExtend<ReleaseView>();
});
