import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import WebSocket from 'ws'
import { DONE, sse } from '../rig/answers.ts'
import { startNginx } from '../rig/nginx.ts'
import { KEY, startRig } from '../rig/rig.ts'
import { gate } from '../rig/wait.ts'

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
