import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from './run.mjs'

/** What the tests need that npm has not: a Debian package, the program or file that says it is there, and its name where Homebrew is what installs. */
const NEEDED = {
  chromium: { program: 'chromium', brew: 'chromium' },
  'redis-server': { program: 'redis-server', brew: 'redis' },
  nginx: { program: 'nginx', brew: 'nginx' },
  openssl: { program: 'openssl', brew: 'openssl' },
  ffmpeg: { program: 'ffmpeg', brew: 'ffmpeg' },
  pocketsphinx: { program: 'pocketsphinx_continuous', brew: 'cmu-pocketsphinx' },
  'pocketsphinx-en-us': { file: '/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict' },
}

/** Installs them with apt-get where that is possible, says how where it is not. Answers with an exit code. */
export async function systemPackages() {
  const missing = Object.keys(NEEDED).filter((name) => !isThere(NEEDED[name]))
  if (missing.length === 0) return 0
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '--non-interactive']
  if (!onPath('apt-get') || (await root('true')) !== 0) {
    console.error(`Tests that need ${missing.join(' or ')} cannot pass here. To install what is missing:`)
    console.error(`  Debian, Ubuntu: sudo apt-get install ${missing.join(' ')}`)
    console.error(`  macOS: brew install ${missing.flatMap((name) => NEEDED[name].brew ?? []).join(' ')}`)
    return 0
  }
  console.log(`Installing ${missing.join(' and ')}`)
  const apt = (...args) => root('env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', ...args)
  return (await apt('update')) || (await apt('install', '--yes', '--no-install-recommends', ...missing))

  async function root(...words) {
    const [command, ...args] = [...sudo, ...words]
    return onPath(command) ? await run(command, args) : 127
  }
}

const isThere = ({ program, file }) => (program ? onPath(program) : existsSync(file))

function onPath(command) {
  // Servers live where the path of an ordinary user does not lead.
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'].some((dir) => {
    try {
      accessSync(join(dir, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
