import { FILES, type Files } from '../../src/gateway/store/files.ts'

export const failing = (code: string, call: string) =>
  Object.assign(new Error(`${code}: it failed, ${call}`), { code })

/** The system's calls, of which a test makes some fail; and how often each was made. */
export class Faulty {
  readonly calls = { writevSync: 0, fdatasync: 0, unlinkSync: 0 }
  fault: { readonly writevSync?: string; readonly fdatasync?: string; readonly unlinkSync?: string } = {}
  readonly files: Files = {
    ...FILES,
    writevSync: ((...args: Parameters<Files['writevSync']>) => {
      this.#meet('writevSync')
      return FILES.writevSync(...args)
    }) as Files['writevSync'],
    fdatasync: (async (fd: number) => {
      this.#meet('fdatasync')
      await FILES.fdatasync(fd)
    }) as Files['fdatasync'],
    unlinkSync: (path) => {
      this.#meet('unlinkSync')
      FILES.unlinkSync(path)
    },
  }

  #meet(call: keyof Faulty['calls']): void {
    this.calls[call]++
    const code = this.fault[call]
    if (code !== undefined) throw failing(code, call)
  }
}
