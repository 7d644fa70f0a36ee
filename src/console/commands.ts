import type { Desk } from './desk.svelte.ts'

/** Something to be done by its name: typed after a slash, or chosen from a list. */
export interface Command {
  readonly name: string
  readonly words: string
  /** Whether it would do anything now. */
  readonly can: (desk: Desk) => boolean
  readonly run: (desk: Desk) => void
}

const isTalk = (desk: Desk) => (desk.conversation?.messages.length ?? 0) > 0

export const COMMANDS: readonly Command[] = [
  {
    name: 'new',
    words: 'begin a new conversation',
    can: isTalk,
    run: (desk) => void desk.startAnew(),
  },
  {
    name: 'clear',
    words: 'empty this conversation',
    can: isTalk,
    run: (desk) => void desk.conversation?.clear(),
  },
  {
    name: 'stop',
    words: 'stop the answer that is running',
    can: (desk) => desk.conversation?.running !== undefined,
    run: (desk) => desk.conversation?.running?.stop(),
  },
  {
    name: 'retry',
    words: 'ask the last question again',
    can: (desk) => isTalk(desk) && !desk.conversation?.running,
    run: (desk) => void desk.conversation?.retry(),
  },
  {
    name: 'continue',
    words: 'let the agent go on with its last answer',
    can: (desk) => isTalk(desk) && !desk.conversation?.running,
    run: (desk) => void desk.conversation?.goOnWith(),
  },
  {
    name: 'export',
    words: 'save this conversation as Markdown',
    can: isTalk,
    run: (desk) => {
      if (desk.conversation) void desk.exportMarkdown(desk.conversation.id)
    },
  },
  {
    name: 'save',
    words: 'save the workspace',
    can: () => true,
    run: (desk) => void desk.save(),
  },
  {
    name: 'settings',
    words: 'settings: text, contrast, face, key',
    can: () => true,
    run: (desk) => {
      desk.panel = 'settings'
    },
  },
  {
    name: 'zen',
    words: 'only words, or all of the page again',
    can: () => true,
    run: (desk) => {
      desk.zen = !desk.zen
    },
  },
  {
    name: 'help',
    words: 'show commands and keys',
    can: () => true,
    run: (desk) => {
      desk.panel = 'help'
    },
  },
]

/** What a text that begins with a slash may mean; none, when it is just a text. */
export function commandsFor(typed: string, desk: Desk): readonly Command[] {
  const word = /^\/([a-z]*)$/i.exec(typed)?.[1]?.toLowerCase()
  if (word === undefined) return []
  return COMMANDS.filter((command) => command.name.startsWith(word) && command.can(desk))
}
