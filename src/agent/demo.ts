import { setTimeout as sleep } from 'node:timers/promises'
import { type Delta, type Mind, type Turn, textOf } from './delta.ts'
import { inWords } from './journal.ts'
import { Refusal } from './refusal.ts'
import { DRAWING, paragraph, SHOWCASE } from './showcase.ts'
import { inBytes, listFiles, readText, runTool, TOOLS, type Tool } from './tools.ts'
import type { Workspace } from './workspace.ts'

const PACE_MS = 28
const LONG_PARAGRAPHS = 12
const MOST_PARAGRAPHS = 1_000
const MOST_SECONDS = 3_600
const SHOWN_CHARACTERS = 20_000
const NOTES = 'notes.md'

type Deltas = AsyncGenerator<Delta, void, undefined>

/** What a command may use: its argument, the turn, the files and the pace of speech. */
interface Asked {
  readonly rest: string
  readonly turn: Turn
  readonly workspace: Workspace
  readonly pause: () => Promise<void>
}

interface Command {
  readonly names: readonly string[]
  readonly usage: string
  readonly meaning: string
  readonly run: (asked: Asked) => Deltas
}

const ABOUT = `i am the demo agent of ghost interface. i work offline and no language model is behind me: i only know a few commands.

to connect a model, set these and start again:

\`\`\`sh
GHOST_LLM_URL=http://localhost:11434/v1   # any OpenAI-compatible server
GHOST_LLM_MODEL=name-of-the-model
GHOST_LLM_KEY=key                         # if the server wants one
\`\`\`
`

const COMMANDS: readonly Command[] = [
  { names: ['help', '?'], usage: 'help', meaning: 'what i am and what i can do', run: help },
  { names: ['files', 'list', 'ls'], usage: 'files', meaning: 'list the workspace', run: files },
  { names: ['show', 'cat', 'read'], usage: 'show NAME', meaning: 'show a file of the workspace', run: show },
  { names: ['note'], usage: 'note TEXT', meaning: `add a line to ${NOTES}`, run: note },
  {
    names: ['long', 'tell'],
    usage: 'long [PARAGRAPHS | SECONDSs]',
    meaning: 'a long answer, such as `long 200` or `long 30s`',
    run: long,
  },
  { names: ['draw'], usage: 'draw', meaning: 'a diagram and a chart', run: draw },
  { names: ['blocks'], usage: 'blocks', meaning: 'one of every kind of block', run: blocks },
  { names: ['think'], usage: 'think', meaning: 'an answer with reasoning before it', run: think },
  { names: ['tools', 'write'], usage: 'tools', meaning: 'an answer that uses tools', run: tools },
  { names: ['fail'], usage: 'fail', meaning: 'an answer that fails in the middle', run: fail },
]

/** The offline agent. It says that it is one, and what it says of files is true. */
export function demo(workspace: Workspace, paceMs: number = PACE_MS): Mind {
  return {
    model: 'demo',
    close: async () => {},
    async *answer(turn) {
      const text = textOf(turn.messages.findLast((message) => message.role === 'user')).trim()
      const [, word = '', rest = ''] = /^\/?(\S+)\s*(.*)$/s.exec(text) ?? []
      const command = COMMANDS.find(({ names }) => names.includes(word.toLowerCase()))
      turn.journal.tell('🧠', 'PLANNER MONOLOGUE', command ? `they ask for: ${command.usage}` : 'small talk')
      const pause = pacer(paceMs, turn.signal)
      const asked: Asked = { rest: rest.trim(), turn, workspace, pause }
      yield* command ? command.run(asked) : chat(asked, text)
      yield { kind: 'finish', reason: 'stop', usage: undefined }
    },
  }
}

/** Speaks at an uneven pace, as models do, but always at the same one. */
function pacer(meanMs: number, signal: AbortSignal): () => Promise<void> {
  let n = 0
  return async () => {
    signal.throwIfAborted()
    await sleep(meanMs * (0.7 + ((n++ * 3) % 7) / 10), undefined, { signal })
  }
}

/** Text word by word. */
async function* spoken(
  text: string,
  pause: () => Promise<void>,
  kind: 'text' | 'reasoning' = 'text',
): Deltas {
  for (const word of text.match(/\s*\S+|\s+$/g) ?? []) {
    await pause()
    yield { kind, text: word }
  }
}

async function* help({ pause }: Asked): Deltas {
  const rows = COMMANDS.map(({ usage, meaning }) => `- \`${usage}\`: ${meaning}`).join('\n')
  yield* spoken(`${ABOUT}\nwhat i understand:\n\n${rows}\n`, pause)
}

async function* files({ workspace, turn, pause }: Asked): Deltas {
  turn.journal.tell('📂', 'LIST FILES')
  const { files: found, more } = await listFiles(workspace)
  if (found.length === 0)
    return yield* spoken('the workspace is empty. attach a file, or write `note something`.', pause)
  const rows = found.map(({ path, size }) => `- ${quoted(path)}, ${inBytes(size)}`)
  yield* spoken(`the workspace holds:\n\n${rows.join('\n')}\n${more ? '- … and more\n' : ''}`, pause)
}

async function* show({ rest, workspace, turn, pause }: Asked): Deltas {
  if (rest === '') return yield* spoken('which one? `show NAME`; `files` lists them.', pause)
  const name = rest.replace(/^[`"']|[`"']$/g, '')
  turn.journal.tell('📖', 'READ FILE', name)
  let text: string
  try {
    text = await readText(workspace, name)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return yield* spoken(
      `i cannot show ${quoted(name)}: ${inWords(error)}. \`files\` lists what is there.`,
      pause,
    )
  }
  const cut = text.length > SHOWN_CHARACTERS ? '\n\nthat is the beginning; the file is longer.' : ''
  const extension = /\.([a-z0-9]{1,8})$/i.exec(name)?.[1] ?? ''
  const shown = text.slice(0, SHOWN_CHARACTERS).replace(/\n$/, '')
  const fence = '`'.repeat(Math.max(3, longestRun(shown) + 1))
  yield* spoken(`${quoted(name)}:\n\n${fence}${extension}\n${shown}\n${fence}${cut}`, pause)
}

async function* note({ rest, workspace, turn, pause }: Asked): Deltas {
  if (rest === '') return yield* spoken(`what shall i note? \`note TEXT\` adds a line to ${NOTES}.`, pause)
  turn.journal.tell('📝', 'WRITE FILE', NOTES)
  await workspace.append(NOTES, `- ${rest.replace(/\s*\n\s*/g, ' ')}\n`)
  yield* spoken(`noted in \`${NOTES}\`. \`show ${NOTES}\` reads it back.`, pause)
}

async function* long({ rest, pause }: Asked): Deltas {
  const [, number = '', unit = ''] = /^(\d{1,6})\s*(s|seconds?)?$/.exec(rest) ?? []
  const most = unit ? MOST_SECONDS : MOST_PARAGRAPHS
  const amount = Math.min(Number(number) || LONG_PARAGRAPHS, most)
  const until = performance.now() + amount * 1_000
  for (let n = 1; unit ? performance.now() < until : n <= amount; n++)
    yield* spoken(`${paragraph(n)}\n\n`, pause)
  yield* spoken('that was all of it.', pause)
}

async function* blocks({ pause }: Asked): Deltas {
  yield* spoken(SHOWCASE, pause)
}

async function* draw({ pause }: Asked): Deltas {
  yield* spoken(DRAWING, pause)
}

async function* think({ pause }: Asked): Deltas {
  const thought =
    'they want to see how reasoning looks.\ni have none of my own, so this is a line from a script.\nnow i say so.\n'
  yield* spoken(thought, pause, 'reasoning')
  yield* spoken('the lines before this were sent as reasoning; a model would have meant them.', pause)
}

async function* tools({ workspace, turn, pause }: Asked): Deltas {
  const steps: readonly (readonly [string, object])[] = [
    ['list_files', {}],
    ['write_file', { path: 'demo/hello.md', content: '# hello\n\nwritten by the demo agent.\n' }],
    ['read_file', { path: 'demo/hello.md' }],
  ]
  yield* spoken('i use three tools: i list the files, write one and read it back.', pause)
  let result = ''
  for (const [index, [name, input]] of steps.entries()) {
    yield { kind: 'call', index, id: `call_${turn.id}_${index}`, name }
    for (const text of JSON.stringify(input).match(/.{1,12}/gs) ?? []) {
      await pause()
      yield { kind: 'arguments', index, text }
    }
    result = await runTool(named(name), input, workspace, turn.journal)
  }
  yield* spoken(
    `\n\n[demo/hello.md](/api/download/demo/hello.md) now says:\n\n\`\`\`md\n${result}\`\`\`\n`,
    pause,
  )
}

async function* fail({ pause }: Asked): Deltas {
  yield* spoken('this answer breaks off in the middle, as you asked, because', pause)
  throw new Refusal('model_error', 'the demo was asked to fail, and did')
}

async function* chat({ pause }: Asked, text: string): Deltas {
  const said = text.length > 200 ? `${text.slice(0, 200)}…` : text
  const heard = said ? `you said: “${said.replace(/\s+/g, ' ')}”.` : 'hello.'
  const known = COMMANDS.map(({ usage }) => `\`${usage}\``).join(', ')
  yield* spoken(
    `${heard} i am a demo without a language model, so i can only echo that. i do know ${known}. \`help\` says how to connect a model.`,
    pause,
  )
}

function named(name: string): Tool {
  const it = TOOLS.find((candidate) => candidate.name === name)
  if (!it) throw new Error(`no tool ${name}`)
  return it
}

/** Inline code that a name cannot break out of. */
function quoted(name: string): string {
  const fence = '`'.repeat(longestRun(name) + 1)
  return fence.length > 1 ? `${fence} ${name} ${fence}` : `\`${name}\``
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length))
}
