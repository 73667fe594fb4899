import { conformance } from "../conformance/conformance.suite.ts";
import { embeddedGround } from "../conformance/embedded.ts";

conformance(embeddedGround);
