// @ts-check
// What an installed node_modules lacks of a package-lock.json. Pure.

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, link?: boolean,
 *   os?: string | string[], cpu?: string | string[], libc?: string | string[] }} Entry
 * @typedef {{ packages: Record<string, Entry> }} Lock
 */

/** @typedef {{ platform: string, arch: string, libc: string }} Machine `libc` is npm's word for it: glibc or musl */

/**
 * @param {Lock} wanted package-lock.json
 * @param {Lock | undefined} installed node_modules/.package-lock.json
 * @param {Machine} machine
 * @returns {[path: string, entry: Entry][]} with paths such as `node_modules/fastify`
 */
export function missingPackages(wanted, installed, machine) {
  return Object.entries(wanted.packages).filter(
    ([path, entry]) => path !== "" && isFor(entry, machine) && !isSame(entry, installed?.packages[path]),
  );
}

/**
 * @param {Entry} entry
 * @param {Entry | undefined} found
 */
function isSame(entry, found) {
  return found?.version === entry.version && found?.integrity === entry.integrity;
}

/**
 * Must this machine have it? Of the optional packages, those that are the build for it;
 * what is optional for another reason may be left out.
 * @param {Entry} entry
 * @param {Machine} machine
 */
function isFor({ optional, os, cpu, libc }, machine) {
  if (!optional) return true;
  return names(os, machine.platform) && names(cpu, machine.arch) && (!libc || names(libc, machine.libc));
}

/**
 * @param {string | string[] | undefined} list npm writes a single name without brackets
 * @param {string} name
 */
function names(list, name) {
  return list !== undefined && [list].flat().includes(name);
}
