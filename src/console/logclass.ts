/** What a line of the agent's log is about. */
export type LineClass = 'error' | 'tool' | 'memory' | 'plan' | 'think' | 'accent' | 'idle'

export const LEVELS = ['debug', 'info', 'warning', 'error'] as const
export type Level = (typeof LEVELS)[number]

/** A line in its parts; together they are the line again. */
export interface LineParts {
  /** When, and in which turn. */
  readonly stamp: string
  readonly icon: string
  readonly title: string
  readonly rest: string
}

const ICONS: Readonly<Record<Exclude<LineClass, 'idle'>, string>> = {
  error: '❌ ✖ 💥 🔥 ⛔ 🚨 💀',
  tool: '🔧 🛠 🔨 ⚙ 🔍 🔎 🌐 📡 💻 🖥 🐍 🧮 📸 🎨 🖼 ▶ 🔌 📥 📤 📦 ✍ 🧪 🖱 ⌨ 📞 🎬 🔊 🎙',
  memory: '💾 📁 📂 🗂 📖 📝 📄 📃 📚 📜 🗃 🗄 🧾 📌 📎 🔖 🗑 ♻ 💿',
  plan: '📋 🗺 🎯 🧭 📐 🗓 📊 🪜 🚦',
  think: '🧠 💭 🤔 💡 👁 👀 🔮 🌀 🗯',
  accent: '✅ ✔ ☑ ⚠ 🚀 🏁 🛑 👻 🟢 🟡 🔴 🎉 ⭐ ✨ ⏱ ⏳ 🔔 📨 🤖 👋 ⏹ ℹ',
}

/** Words that say it when no icon does; the first that fits counts. */
const WORDS: readonly (readonly [LineClass, RegExp])[] = [
  ['think', /\b(?:think|thought|monologue|reason|reflect)/i],
  ['plan', /\b(?:plan|planner|step \d|goal|strategy|todo)\b/i],
  ['tool', /\b(?:tool|run|running|exec|execut|call|search|fetch|request|command|download|upload)/i],
  ['memory', /\b(?:read|write|writ|file|memory|recall|remember|save|load|list)/i],
  ['accent', /\b(?:start|ready|finish|done|stop|begin|complete|success|warn)/i],
]

const STAMP = /^(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d(?::[\d.,]+)?Z?\s+(?:\[[^\]]{1,40}\]\s*)?/
const ICON = /^\p{Extended_Pictographic}(?:\p{Extended_Pictographic}|\p{M}|\u200d|⟨U\+200D⟩)*\s*/u
const TITLE = /^(?:(?:DEBUG|INFO|WARN(?:ING)?|ERROR)\b[\s:]*)?[A-Z][A-Z0-9_ ]{1,39}[A-Z0-9_](?=\s*:|$)/
const LEVEL = /^(?:DEBUG|INFO|WARN(?:ING)?|ERROR)\b/
const MONOLOGUE = /PLANNER\s+MONOLOGUE\s*:\s*(\S.*)$/is

const CLASS_OF = new Map(
  Object.entries(ICONS).flatMap(([of, icons]) =>
    icons.split(' ').map((icon) => [icon, of as LineClass] as const),
  ),
)

export function partsOf(line: string): LineParts {
  const stamp = STAMP.exec(line)?.[0] ?? ''
  const bare = line.slice(stamp.length)
  const icon = ICON.exec(bare)?.[0] ?? ''
  const words = bare.slice(icon.length)
  const title = TITLE.exec(words)?.[0] ?? ''
  return { stamp, icon, title, rest: words.slice(title.length) }
}

/** Its icon says it, else its words. A warning is no failure, and neither is the word "error" in small letters. */
export function classOf(line: string, isError: boolean): LineClass {
  if (isError) return 'error'
  const { icon, title, rest } = partsOf(line)
  const glyph = /\p{Extended_Pictographic}/u.exec(icon)?.[0]
  const known = glyph === undefined ? undefined : CLASS_OF.get(glyph)
  if (known) return known
  const said = title.replace(LEVEL, '').trim() || rest.slice(0, 80)
  return WORDS.find(([, words]) => words.test(said))?.[0] ?? 'idle'
}

export function levelOf(line: string, isError: boolean): Level {
  if (isError) return 'error'
  const { stamp, icon, title, rest } = partsOf(line)
  const start = `${stamp}${title}${rest}`.slice(0, 90)
  if (/❌|✖|💥|⛔|🚨/u.test(icon) || /\b(?:CRITICAL|FATAL)\b/.test(start)) return 'error'
  if (icon.includes('⚠') || /\bWARN(?:ING)?\b/i.test(start)) return 'warning'
  return /\b(?:DEBUG|TRACE)\b/.test(start) ? 'debug' : 'info'
}

/** What the planner says to itself in this line, as one line; nothing when it is another's. */
export function monologueOf(line: string): string | undefined {
  const text = MONOLOGUE.exec(line)?.[1]?.replaceAll(/\s+/g, ' ').trim()
  return text === undefined || text.length <= 280 ? text : `${text.slice(0, 279)}…`
}
