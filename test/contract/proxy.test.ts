import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import WebSocket from 'ws'
import { DONE, sse } from '../rig/answers.ts'
import { KEY, startRig } from '../rig/rig.ts'
import { freePort } from '../rig/server.ts'
import { eventually, gate } from '../rig/wait.ts'

const OPERATIONS = resolve(import.meta.dirname, '../../docs/operations.md')

/** nginx as `docs/operations.md` configures it, but on loopback, without TLS, and for one gateway or several. */
async function startNginx(ports: readonly number[]): Promise<AsyncDisposable & { readonly url: string }> {
  const page = await readFile(OPERATIONS, 'utf8')
  const locations = (page.match(/^( *)location [^{]*\{[\s\S]*?^\1\}/gm) ?? []).join('\n')
  if (!locations.includes('/ws')) throw new Error('docs/operations.md has no nginx locations')
  const dir = await mkdtemp(join(tmpdir(), 'ghost-nginx-'))
  const port = await freePort()
  const servers = ports.map((it) => `server 127.0.0.1:${it};`).join(' ')
  await writeFile(
    join(dir, 'nginx.conf'),
    `daemon off; pid ${dir}/pid; error_log stderr warn; worker_processes 1;
events { worker_connections 256; }
http {
  access_log off; client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
  upstream ghost { ${servers} }
  server { listen 127.0.0.1:${port}; ${locations.replace(/proxy_pass [^;]+;/g, 'proxy_pass http://ghost;')} }
}`,
  )
  const child = spawn('/usr/sbin/nginx', ['-p', dir, '-c', join(dir, 'nginx.conf')], { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  await eventually('nginx answers', () =>
    fetch(`${url}/healthz`).then(
      (it) => it.ok,
      () => false,
    ),
  )
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await once(child, 'close')
      await rm(dir, { recursive: true, force: true })
    },
  }
}

test('F28: behind nginx as the documentation sets it up, every event arrives before the next one is sent', async () => {
  await using rig = await startRig()
  await using nginx = await startNginx([rig.port])
  const next = [gate(), gate()] as const
  rig.agent.play('POST /api/chat', sse('data: one\n\n', next[0], 'data: two\n\n', next[1], DONE))
  const answer = await fetch(`${nginx.url}/api/chat`, {
    method: 'POST',
    headers: { 'x-ghost-key': KEY, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [], stream: true }),
  })
  expect(answer.headers.get('x-task-id')).toMatch(/^[0-9a-f-]{36}$/)
  const reader = answer.body?.getReader()
  let heard = ''
  const hear = async (text: string) => {
    while (!heard.includes(text)) heard += new TextDecoder().decode((await reader?.read())?.value)
  }
  await hear('data: one')
  next[0].open()
  await hear('data: two')
  next[1].open()
  await hear('[DONE]')
})

test('behind nginx the log comes over its websocket', async () => {
  await using rig = await startRig()
  await using nginx = await startNginx([rig.port])
  await writeFile(rig.agentLog, 'through the proxy\n')
  const socket = new WebSocket(`${nginx.url.replace('http', 'ws')}/ws`, { headers: { 'x-ghost-key': KEY } })
  const [message] = (await once(socket, 'message')) as [Buffer]
  expect(JSON.parse(message.toString())).toEqual({
    type: 'log',
    content: 'through the proxy',
    is_error: false,
  })
  socket.terminate()
})
