import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { freePort } from './server.ts'
import { eventually } from './wait.ts'

const OPERATIONS = resolve(import.meta.dirname, '../../docs/operations.md')

/** nginx as `docs/operations.md` configures it, but on loopback, without TLS, and for one gateway or several. */
export async function startNginx(
  ports: readonly number[],
  tls?: 'tls',
): Promise<AsyncDisposable & { readonly url: string }> {
  const page = await readFile(OPERATIONS, 'utf8')
  const locations = (page.match(/^( *)location [^{]*\{[\s\S]*?^\1\}/gm) ?? []).join('\n')
  if (!locations.includes('/ws')) throw new Error('docs/operations.md has no nginx locations')
  const dir = await mkdtemp(join(tmpdir(), 'ghost-nginx-'))
  const port = await freePort()
  const certificate = tls && selfSigned(dir)
  // As the page has it, `http2` and all.
  const listen = tls ? (/listen 443 ([^;]*);/.exec(page)?.[1] ?? '') : ''
  const servers = ports.map((it) => `server 127.0.0.1:${it};`).join(' ')
  await writeFile(
    join(dir, 'nginx.conf'),
    `daemon off; pid ${dir}/pid; error_log stderr warn; worker_processes 1;
events { worker_connections 256; }
http {
  access_log off; client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
  upstream ghost { ${servers} }
  server { listen 127.0.0.1:${port} ${listen}; ${certificate ?? ''} ${locations.replace(/proxy_pass [^;]+;/g, 'proxy_pass http://ghost;')} }
}`,
  )
  const child = spawn('/usr/sbin/nginx', ['-p', dir, '-c', join(dir, 'nginx.conf')], { stdio: 'ignore' })
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`
  await eventually('nginx answers', () => listens(port))
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await once(child, 'close')
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Whether there is an openssl that makes certificates. */
export const canCertify = spawnSync('openssl', ['version']).status === 0

/** Makes a certificate that nobody vouches for, and its key. */
export function certify(dir: string): { readonly key: string; readonly certificate: string } {
  const [key, certificate] = [join(dir, 'key.pem'), join(dir, 'certificate.pem')]
  const what = ['-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-days', '2']
  const { status, stderr } = spawnSync('openssl', [
    'req',
    '-x509',
    ...what,
    '-keyout',
    key,
    '-out',
    certificate,
  ])
  if (status !== 0) throw new Error(`openssl made no certificate: ${stderr}`)
  return { key, certificate }
}

function selfSigned(dir: string): string {
  const { key, certificate } = certify(dir)
  return `ssl_certificate ${certificate}; ssl_certificate_key ${key};`
}

const listens = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
