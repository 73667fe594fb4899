import { Type } from "typebox";
import { closed, optional, PortNumber } from "./schema.ts";

/** How the istiods of a cluster are asked what its proxies have acknowledged. */
export const IstiodSpec = closed(
  {
    urls: optional(
      Type.Array(
        Type.String({
          pattern: "^https?://[^\\s?#]+$",
          maxLength: 2048,
          "x-expects": "a URL such as http://10.0.0.7:15014",
          description: "Monitoring port of one replica, as the server reaches it.",
        }),
        {
          minItems: 1,
          maxItems: 20,
          uniqueItems: true,
          description:
            "Every replica, where they don't run in the cluster or its API doesn't lead to them. Default: the pods labelled app=istiod, by the cluster's API.",
        },
      ),
    ),
    namespace: optional(
      Type.String({
        pattern: "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
        maxLength: 63,
        "x-expects": "a namespace",
        description: "Where their pods are. Default istio-system.",
      }),
    ),
    port: optional(PortNumber),
  },
  {
    description:
      "How its istiods are asked what the proxies have acknowledged. `port`: their monitoring port, default 15014.",
  },
);
