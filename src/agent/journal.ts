import { appendFileSync, renameSync, statSync } from 'node:fs'

const LINE_CHARACTERS = 2_000
const ROTATE_BYTES = 5_000_000

/** The agent's log: a line an event, for people and for what follows the file. */
export interface Journal {
  /** Writes `<time> [<turn>] <icon> <TITLE> : <detail>`. */
  tell(icon: string, title: string, detail?: string, turn?: string): void
  /** Writes a line with `ERROR` in it, and only such lines have that word. */
  error(what: unknown, turn?: string): void
}

/** One turn's view of the journal. */
export interface TurnJournal {
  tell(icon: string, title: string, detail?: string): void
  error(what: unknown): void
}

/**
 * Appends to `file`. At 5 MB it is renamed to `file.1` (the one before is dropped) and begun anew.
 * @param secrets what never appears in it
 */
export function openJournal(
  file: string,
  secrets: readonly string[],
  now: () => Date = () => new Date(),
  rotateBytes = ROTATE_BYTES,
): Journal {
  let complained = false
  const clean = (text: string) => {
    let safe = text
    for (const secret of secrets) if (secret) safe = safe.replaceAll(secret, '[key]')
    return escaped(safe.slice(0, LINE_CHARACTERS * 2)).slice(0, LINE_CHARACTERS)
  }
  const write = (icon: string, title: string, detail: string, turn: string | undefined) => {
    const time = now().toISOString().replace('T', ' ').replace('Z', '')
    const line = `${time} [${turn?.slice(0, 8) ?? 'agent'}] ${icon} ${title}${detail ? ` : ${detail}` : ''}\n`
    try {
      rotate(file, rotateBytes)
      appendFileSync(file, line, { mode: 0o600 })
    } catch (error) {
      // A full disk must not end a turn; it is said once, where somebody may see it.
      if (!complained) process.stderr.write(`the agent cannot write its log: ${String(error)}\n`)
      complained = true
    }
  }
  return {
    // Who follows the file takes these two words for an error, so what a file or a model is called must not hold them.
    tell: (icon, title, detail = '', turn) =>
      write(
        icon,
        title,
        clean(detail).replace(/ERROR|Exception/g, (word) => word.toLowerCase()),
        turn,
      ),
    error: (what, turn) => write('❌', 'ERROR', clean(inWords(what)), turn),
  }
}

export function turnJournal(journal: Journal, turn: string): TurnJournal {
  return {
    tell: (icon, title, detail) => journal.tell(icon, title, detail, turn),
    error: (what) => journal.error(what, turn),
  }
}

/** What was thrown as one sentence; never empty. */
export function inWords(what: unknown): string {
  if (!(what instanceof Error)) return String(what) || 'unknown'
  const own = what.message || what.name
  return what.cause instanceof Error ? `${own} (${inWords(what.cause)})` : own
}

function escaped(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) =>
    character === '\n' ? '\\n' : character === '\r' ? '\\r' : character === '\t' ? '\\t' : ' ',
  )
}

function rotate(file: string, limit: number): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size >= limit) renameSync(file, `${file}.1`)
}
