// Imported before anything else, and written so that any Node with modules can run it: an old one must get to say this.
import { readFileSync } from 'node:fs'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const needed = /\d+\.\d+/.exec(engines.node)[0]
const number = (version) => Number(version.split('.')[0]) * 1000 + Number(version.split('.')[1])

if (number(process.versions.node) < number(needed)) {
  console.error(
    `Ghost Interface needs Node ${needed} or newer; this is ${process.versions.node}, at ${process.execPath}.`,
  )
  process.exit(1)
}
