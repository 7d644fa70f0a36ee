import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { within } from '../rig/wait.ts'

/** Says a number every 10 ms, up to 200, then that it is done. */
export const PROGRAM = `
const server = require('node:http').createServer((request, response) => {
  request.resume()
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let n = 0
  const clock = setInterval(() => {
    if (n < 200) return response.write('data: {"choices":[{"delta":{"content":"' + n++ + ' "}}]}\\n\\n')
    clearInterval(clock)
    response.end('data: [DONE]\\n\\n')
  }, 10)
})
server.listen(Number(process.argv[1]), '127.0.0.1', () => console.log('ready'))`

/** All that such an agent says. */
export const TICKS = Array.from({ length: 200 }, (_, n) => `${n} `).join('')

/** An agent that is a process of its own: it can be stopped, continued, killed, and started again on its port. */
export async function startTickingAgent(port: number) {
  const child = spawn(process.execPath, ['-e', PROGRAM, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  await within('the agent', once(child.stdout, 'data'))
  return {
    url: `http://127.0.0.1:${port}`,
    signal: (name: NodeJS.Signals) => child.kill(name),
    exited,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
