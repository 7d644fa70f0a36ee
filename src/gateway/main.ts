import {
  ConfigError,
  parseConfig,
  parseVoice,
  readEnvironment,
  SECRETS,
  type Speech,
  withoutLogin,
} from './config.ts'
import { startGateway } from './gateway.ts'
import { tuneHeap } from './heap.ts'

/** Starts everything the environment asks for; the only place that ends the process. */
async function main(): Promise<void> {
  const env = readEnvironment(process.env, process.cwd())
  if (process.argv[2] === 'voice') return voiceAlone(env)
  const config = parseConfig(env)
  forget()
  const { key, dataDir, llm } = config
  const agent =
    config.agentUrl === undefined
      ? await import('../agent/agent.ts').then((it) => it.startAgent({ key, dataDir, llm }))
      : undefined
  const agentLog = config.agentLog ?? agent?.logFile
  let started: ReturnType<typeof startVoice> | undefined
  const speech = () => (started ??= startVoice(config.speech))
  const gateway = await startGateway(
    { ...config, agentUrl: config.agentUrl ?? agent?.url, agentLog },
    { agent: agent !== undefined, voice: async () => (await speech()).url },
  )

  onEnd(async () => {
    await gateway.close()
    await Promise.all([
      agent?.close(),
      started?.then(
        (voice) => voice.close(),
        () => {},
      ),
    ])
  })
  // Without a voice there is still everything else.
  const voice =
    config.voiceUrl === undefined
      ? await speech().catch((error) => void console.error('the voice server did not start:', error))
      : undefined

  const model = config.llm
    ? `model ${config.llm.model} at ${config.llm.url}`
    : 'offline demo; connect a model with GHOST_LLM_URL'
  console.log(
    [
      `Ghost Interface is listening: ${gateway.url}`,
      `  open     ${gateway.url}/  and type the key (GHOST_API_KEY)`,
      `  agent    ${agent ? `embedded (${model})` : config.agentUrl}`,
      `  voice    ${voice ? `embedded (${voice.told})` : (config.voiceUrl ?? 'none')}`,
      `  store    ${withoutLogin(config.store)}`,
      `  log      ${agentLog ?? 'none; set GHOST_AGENT_LOG'}`,
      `  data     ${config.dataDir}`,
    ].join('\n'),
  )
}

/** The voice server and nothing else, as on a Raspberry Pi. */
async function voiceAlone(env: NodeJS.ProcessEnv): Promise<void> {
  const { host, port, ...speech } = parseVoice(env)
  forget()
  const voice = await startVoice(speech, { host, port })
  onEnd(() => voice.close())
  console.log(`The voice server is listening: ${host}, port ${port}\n  it ${voice.told}`)
}

async function startVoice(speech: Speech, where: { readonly host?: string; readonly port?: number } = {}) {
  const { startVoice } = await import('../voice/voice.ts')
  return startVoice({ ...speech, ...where, path: process.env.PATH, tell: console.error })
}

tuneHeap()

/** Left to itself Node opens a debugger for whoever may send this signal, and keeps it open. */
process.on('SIGUSR1', () => {})

/** What reads the environment later, a library or a report of a crash, finds no secret in it. */
function forget(): void {
  for (const name of SECRETS) delete process.env[name]
}

/** How long an orderly end may take before it is one all the same. */
const LATEST_MS = 20_000

function onEnd(close: () => Promise<void>): void {
  let ending: Promise<void> | undefined
  const end = (code: number) => {
    ending ??= close()
    ending.then(
      () => process.exit(code),
      (error) => {
        console.error(error)
        process.exit(1)
      },
    )
  }
  const stop = (signal: string) => {
    console.log(`${signal}: stopping`)
    end(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  // After it nothing can be relied on, but answers that run get their end and what is kept is kept.
  process.on('uncaughtException', (error) => {
    console.error('a fault that nobody caught, stopping:', error)
    setTimeout(() => process.exit(1), LATEST_MS).unref()
    end(1)
  })
}

main().catch((error: unknown) => {
  const known = error instanceof ConfigError || (error instanceof Error && 'code' in error)
  console.error(known ? error.message : error)
  process.exit(1)
})
