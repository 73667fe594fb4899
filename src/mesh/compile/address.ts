import { create } from "@bufbuild/protobuf";
import { AddressSchema, type Address } from "#gen/envoy/config/core/v3/address_pb.ts";

export function socketAddress(address: string, port: number): Address {
  return create(AddressSchema, {
    address: { case: "socketAddress", value: { address, portSpecifier: { case: "portValue", value: port } } },
  });
}

/** A listener inside this Envoy. */
export function internalAddress(listener: string): Address {
  return create(AddressSchema, {
    address: {
      case: "envoyInternalAddress",
      value: { addressNameSpecifier: { case: "serverListenerName", value: listener } },
    },
  });
}
