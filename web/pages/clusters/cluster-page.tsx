export function ClusterPage({ name }: { name: string }) {
  return <p>{name}</p>;
}
