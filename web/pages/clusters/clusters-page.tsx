export function ClustersPage() {
  return <p />;
}
