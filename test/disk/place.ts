import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DiskStore } from '../../src/gateway/store/disk.ts'
import type { DiskOptions } from '../../src/gateway/store/diskoptions.ts'
import { ROOMY } from '../store/contract.ts'

/** A data directory of a test's own. */
export class Place implements AsyncDisposable {
  readonly dir: string
  /** What the stores said to the operator. */
  readonly said: string[] = []
  readonly #opened: AsyncDisposable[] = []

  constructor(dir = mkdtempSync(join(tmpdir(), 'ghost-disk-'))) {
    this.dir = dir
  }

  async open(options: Partial<DiskOptions> = {}): Promise<DiskStore> {
    const say = (line: string) => this.said.push(line)
    const store = await DiskStore.open({ dir: this.dir, limits: ROOMY, fsync: 'off', say, ...options })
    this.#opened.push({ [Symbol.asyncDispose]: () => store.close() })
    return store
  }

  /** The directory as it is now, elsewhere, which goes with this one: what a process that is killed at this moment leaves behind. */
  copy(): Place {
    const copy = new Place()
    this.#opened.push(copy)
    for (const [name, bytes] of this.journal()) writeFileSync(join(copy.dir, name), bytes)
    return copy
  }

  /** The journal's files by name, in their order. */
  journal(): Map<string, Buffer> {
    const names = readdirSync(this.dir).filter((name) => name.endsWith('.journal'))
    return new Map(names.toSorted().map((name) => [name, readFileSync(join(this.dir, name))]))
  }

  get journalBytes(): number {
    return [...this.journal().values()].reduce((sum, { length }) => sum + length, 0)
  }

  path(name: string): string {
    return join(this.dir, name)
  }

  /** Replaces the journal. */
  lay(journal: ReadonlyMap<string, Uint8Array>): void {
    for (const name of this.journal().keys()) rmSync(this.path(name))
    for (const [name, bytes] of journal) writeFileSync(this.path(name), bytes)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#opened) await one[Symbol.asyncDispose]()
    rmSync(this.dir, { recursive: true, force: true })
  }
}
