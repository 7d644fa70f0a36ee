/** A tool call that a model wrote as text. */
export interface WrittenCall {
  readonly name: string
  readonly args: string
  readonly open: boolean
}

/** What a model wrote, taken apart: the answer, the reasoning that is not part of it, and calls written as text. */
export interface Prose {
  readonly text: string
  readonly reasoning: string
  readonly calls: readonly WrittenCall[]
}

const MARK = /`+|~{3,}|<\/?think(?:ing)?>|<tool_call>/g
const TAGS = ['<think>', '</think>', '<thinking>', '</thinking>', '<tool_call>']

/** Reads tags outside of code only. While the answer is `live`, the beginning of a tag at its end is held back. */
export function takeApart(content: string, live: boolean): Prose {
  if (!content.includes('<')) return { text: content, reasoning: '', calls: [] }
  let text = ''
  let reasoning = ''
  let from = 0
  const calls: WrittenCall[] = []
  const mark = new RegExp(MARK)

  for (let found = mark.exec(content); found; found = mark.exec(content)) {
    const [tag] = found
    const at = found.index
    if (tag.startsWith('`') || tag.startsWith('~')) {
      mark.lastIndex = afterCode(content, at, tag)
    } else if (tag === '<tool_call>') {
      text += content.slice(from, at)
      const close = content.indexOf('</tool_call>', mark.lastIndex)
      calls.push(readCall(content.slice(mark.lastIndex, close < 0 ? undefined : close), close < 0))
      from = close < 0 ? content.length : close + '</tool_call>'.length
      mark.lastIndex = from
    } else if (tag.startsWith('</')) {
      if (!isOrphanClose(content, at, mark.lastIndex)) continue
      reasoning = joined(reasoning, text + content.slice(from, at))
      text = ''
      from = mark.lastIndex
    } else {
      text += content.slice(from, at)
      const close = tag.replace('<', '</')
      const end = content.indexOf(close, mark.lastIndex)
      const inside = content.slice(mark.lastIndex, end < 0 ? undefined : end)
      reasoning = joined(reasoning, live && end < 0 ? withoutHalfTag(inside) : inside)
      from = end < 0 ? content.length : end + close.length
      mark.lastIndex = from
    }
  }
  text += content.slice(from)
  return {
    text: (live ? withoutHalfTag(text) : text).replace(/^\s*\n/, ''),
    reasoning: reasoning.trim(),
    calls,
  }
}

function joined(before: string, more: string): string {
  return before.trim() === ''
    ? more
    : more.trim() === ''
      ? before
      : `${before.trimEnd()}\n\n${more.trimStart()}`
}

/** Where to read on after backticks or tildes: after the code they open, or after themselves. */
function afterCode(content: string, at: number, run: string): number {
  const lineStart = content.lastIndexOf('\n', at - 1) + 1
  const isFence = run.length >= 3 && /^[\s>]*(?:[-*+]\s+|\d+[.)]\s+)?$/.test(content.slice(lineStart, at))
  if (isFence) {
    const close = new RegExp(`\\n[ \\t>]*${run[0]}{${run.length},}[ \\t]*(?=\\r?\\n|$)`, 'g')
    close.lastIndex = at + run.length
    return close.exec(content) ? close.lastIndex : content.length
  }
  const next = at + run.length
  if (run.startsWith('~')) return next
  const paragraph = content.indexOf('\n\n', next)
  const span = content.slice(next, paragraph < 0 ? undefined : paragraph)
  const close = new RegExp(`(?<!\`)\`{${run.length}}(?!\`)`).exec(span)
  return close ? next + close.index + run.length : next
}

/** A closing tag without an opening one ends reasoning only where models put it, not where prose mentions it. */
function isOrphanClose(content: string, at: number, after: number): boolean {
  const lineStart = content.lastIndexOf('\n', at - 1) + 1
  const ownLine = content.slice(lineStart, at).trim() === ''
  const rest = content.slice(after, after + 200)
  if (/[\p{L}\p{N}.!?…]$/u.test(content.slice(0, at)) && /^[\p{L}\p{N}]/u.test(rest)) return true
  return /^[ \t]*(?:\r?\n[ \t]*\r?\n|\s*$)/.test(rest) || (ownLine && /^[ \t]*\r?\n/.test(rest))
}

function withoutHalfTag(text: string): string {
  const at = text.lastIndexOf('<')
  if (at < 0 || text.length - at > 12) return text
  const half = text.slice(at)
  return TAGS.some((tag) => tag.startsWith(half)) || '</tool_call>'.startsWith(half)
    ? text.slice(0, at)
    : text
}

function readCall(body: string, open: boolean): WrittenCall {
  try {
    const call: unknown = JSON.parse(body)
    if (typeof call === 'object' && call !== null && 'name' in call && typeof call.name === 'string') {
      const args = 'arguments' in call ? call.arguments : undefined
      return { name: call.name, args: typeof args === 'string' ? args : JSON.stringify(args ?? {}), open }
    }
  } catch {
    // Unfinished or no JSON: shown as it was written.
  }
  return { name: /"name"\s*:\s*"([^"]+)"/.exec(body)?.[1] ?? 'tool', args: open ? '' : body.trim(), open }
}
