import { execFile } from 'node:child_process'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A certificate for this machine and its key, in files that can be replaced. Goes with its directory. */
export interface MadeCertificate extends AsyncDisposable {
  readonly dir: string
  readonly cert: string
  readonly key: string
  /** What an operator would set. */
  readonly env: Readonly<Record<string, string>>
  /** Puts a new pair in place of the old one, as a renewal does. */
  renew(days?: number): Promise<void>
}

/** `days` from now it ends; fewer than none: it has ended. */
export async function makeCertificate(days = 365): Promise<MadeCertificate> {
  const dir = await mkdtemp(join(tmpdir(), 'ghost-tls-'))
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')]
  const renew = async (days = 365) => {
    const file = (name: string) => join(dir, name)
    await writeFile(file('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1')
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    const named = ['-subj', `/CN=localhost/serialNumber=${crypto.randomUUID()}`]
    await run('openssl', [
      'req',
      '-new',
      ...curve,
      '-keyout',
      file('new.key'),
      '-out',
      file('new.csr'),
      ...named,
    ])
    const signing = ['-in', file('new.csr'), '-signkey', file('new.key'), '-extfile', file('names')]
    await run('openssl', ['x509', '-req', ...signing, '-days', String(days), '-out', file('new.cert')])
    await rename(file('new.cert'), cert)
    await rename(file('new.key'), key)
  }
  await renew(days)
  return {
    dir,
    cert,
    key,
    env: { GHOST_TLS_CERT: cert, GHOST_TLS_KEY: key },
    renew,
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  }
}
