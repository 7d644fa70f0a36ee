/** The largest number that half an entry id of Redis can be. */
const MOST = '18446744073709551615'

/**
 * The id of a log's last entry. Redis refuses an id that is not above the last one, so that nobody can write behind it: neither an
 * owner that comes back from the dead, nor a second end.
 */
export const SEAL = `${MOST}-0`

/**
 * The id of an entry is how much the log has with it: chunks, then bytes. So Redis itself refuses what it has already, and the last
 * id tells the whole size. An entry may have many chunks; a log is born with `0-1`, since `0-0` is not an id.
 */
export const entryId = (chunks: number, bytes: number): string => `${chunks}-${bytes}`

/** How many chunks a log has with the entry of this id. */
export const chunksAt = (id: string): number => Number.parseInt(id, 10)

/** For XRANGE: where the entry begins that has chunk `from`. */
export const atLeast = (from: number): string => `${from + 1}-0`

/** For XREAD: behind everything that has no chunk from `from` on. */
export const after = (from: number): string => `${from}-${MOST}`

/** The keys that are named outside of the scripts; all of them are made of the prefix, and a script knows the others. */
export class Keys {
  readonly prefix: string

  constructor(prefix: string) {
    this.prefix = prefix
  }
  log(id: string): string {
    return `${this.prefix}log:${id}`
  }
  /** What other gateways have to say to one. */
  inbox(gateway: string): string {
    return `${this.prefix}inbox:${gateway}`
  }
  /** Which logs have grown lately, in any gateway. */
  get news(): string {
    return `${this.prefix}news`
  }
  /** Which gateway runs which task. */
  get running(): string {
    return `${this.prefix}running`
  }
}
