import { conformance } from "../conformance/conformance.suite.ts";
import { realGround } from "./support/real-ground.ts";

conformance(realGround);
