import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { within } from '../rig/wait.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** Nothing but what the scripts rely on: a server that listens and stops, a page, and their names. */
const FILES = {
  'package-lock.json': '{}',
  'vite.config.ts': `export default { root: 'src/console' }`,
  'src/console/index.html': '<script type="module" src="./page.ts"></script>',
  'src/console/page.ts': `document.title = 'one'`,
  'src/gateway/main.ts': `
    import { createServer } from 'node:http'
    import { word } from './word.ts'
    const server = createServer().listen(0, () => console.log('listening ' + word))
    process.once('SIGTERM', () => server.close(() => console.log('closed')))
  `,
  'src/gateway/word.ts': `export const word: string = 'one'`,
}

/** Stands for npm: notes what it was asked, and installs the few packages these projects need. */
const NPM = `#!${process.execPath}
  import fs from 'node:fs'
  const [verb, ...rest] = process.argv.slice(2)
  fs.appendFileSync('npm.log', [verb, ...rest].join(' ') + '\\n')
  if (verb === 'ci') {
    if (process.env.NPM_FAILS) process.exit(7)
    fs.rmSync('node_modules', { recursive: true, force: true })
    fs.mkdirSync('node_modules')
    for (const name of ['vite', 'vitest']) fs.symlinkSync('${ROOT}/node_modules/' + name, 'node_modules/' + name)
    fs.writeFileSync('node_modules/.package-lock.json', '{}')
  }
  if (rest.includes(process.env.NPM_RUN_FAILS)) process.exit(1)
`

interface Run {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A script at work. */
export interface Job {
  readonly child: ChildProcess
  readonly ended: Promise<Run>
  /** Settles when the words have been printed; fails when it ends without them. */
  says(words: string): Promise<void>
}

/** A small checkout of its own, with the real scripts in it. */
export interface Project extends AsyncDisposable {
  readonly dir: string
  write(files: Readonly<Record<string, string>>): Promise<void>
  read(file: string): Promise<string>
  /** What npm was asked so far. */
  npm(): Promise<string[]>
  job(script: string, options?: Options): Job
  run(script: string, options?: Options): Promise<Run>
}

interface Options {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly node?: readonly string[]
  /** Through npm, as people do; the real one, if `PATH` says so. */
  readonly npm?: boolean
}

export async function startProject(): Promise<Project> {
  const dir = await mkdtemp(join(tmpdir(), 'ghost-project-'))
  const jobs = new Set<Job>()
  const write: Project['write'] = async (files) => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(dir, name)), { recursive: true })
      await writeFile(join(dir, name), text)
    }
  }
  const read: Project['read'] = (file) => readFile(join(dir, file), 'utf8')
  await write(FILES)
  for (const name of ['scripts', 'package.json', '.npmrc'])
    await cp(join(ROOT, name), join(dir, name), { recursive: true })
  await mkdir(join(dir, 'bin'))
  await writeFile(join(dir, 'bin/npm'), NPM, { mode: 0o755 })
  for (const name of ['chromium', 'redis-server', 'nginx', 'openssl', 'ffmpeg', 'pocketsphinx_continuous'])
    await symlink('/bin/true', join(dir, 'bin', name))

  const job: Project['job'] = (script, { args = [], env = {}, node = [], npm = false } = {}) => {
    const [command, words] = npm ? ['npm', [script]] : [process.execPath, [...node, `scripts/${script}.mjs`]]
    const child = spawn(command, [...words, ...args], {
      cwd: dir,
      env: { PATH: `${join(dir, 'bin')}${delimiter}${process.env.PATH}`, GHOST_API_KEY: 'key', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const job = watch(child)
    jobs.add(job)
    return job
  }

  return {
    dir,
    write,
    read,
    npm: async () => (await read('npm.log').catch(() => '')).split('\n').filter(Boolean),
    job,
    run: (script, options) => within(`the end of ${script}`, job(script, options).ended, 15_000),
    async [Symbol.asyncDispose]() {
      for (const { child, ended } of jobs) {
        child.kill('SIGKILL')
        await ended
      }
      await rm(dir, { recursive: true, force: true })
    },
  }
}

function watch(child: ChildProcess): Job {
  const printed = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text
      child.emit('printed')
    })
  const ended = once(child, 'close').then(([code, signal]): Run => ({ code, signal, ...printed }))
  return {
    child,
    ended,
    async says(words) {
      const said = () => `${printed.stdout}${printed.stderr}`.includes(words)
      while (!said()) {
        const over = await Promise.race([once(child, 'printed').then(() => undefined), ended])
        if (over && !said()) throw new Error(`it ended without saying ${words}: ${JSON.stringify(over)}`)
      }
    },
  }
}
