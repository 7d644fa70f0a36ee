import { ConfigError, parseConfig, readEnvironment, withoutLogin } from './config.ts'
import { startGateway } from './gateway.ts'

/** Starts everything the environment asks for; the only place that ends the process. */
async function main(): Promise<void> {
  const config = parseConfig(readEnvironment(process.env, process.cwd()))
  const { key, dataDir, llm } = config
  const agent =
    config.agentUrl === undefined
      ? await (await import('../agent/agent.ts')).startAgent({ key, dataDir, llm })
      : undefined
  const agentLog = config.agentLog ?? agent?.logFile
  const gateway = await startGateway(
    { ...config, agentUrl: config.agentUrl ?? agent?.url, agentLog },
    { agent: agent !== undefined },
  )

  const stop = async (signal: string) => {
    console.log(`${signal}: stopping`)
    await gateway.close()
    await agent?.close()
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)

  const model = config.llm
    ? `model ${config.llm.model} at ${config.llm.url}`
    : 'offline demo; connect a model with GHOST_LLM_URL'
  console.log(
    [
      `Ghost Interface is listening: ${gateway.url}`,
      `  open     ${gateway.url}/  and type the key (GHOST_API_KEY)`,
      `  agent    ${agent ? `embedded (${model})` : config.agentUrl}`,
      `  voice    ${config.voiceUrl ?? 'off; set GHOST_VOICE_URL'}`,
      `  store    ${withoutLogin(config.store)}`,
      `  log      ${agentLog ?? 'none; set GHOST_AGENT_LOG'}`,
      `  data     ${config.dataDir}`,
    ].join('\n'),
  )
}

main().catch((error: unknown) => {
  const known = error instanceof ConfigError || (error instanceof Error && 'code' in error)
  console.error(known ? error.message : error)
  process.exit(1)
})
