const NAME = 'ghost.draft.'

/** What is typed and not yet sent survives a reload. */
export function readDraft(conversation: string): string {
  try {
    return localStorage.getItem(NAME + conversation) ?? ''
  } catch {
    return ''
  }
}

export function addToDraft(conversation: string, text: string): void {
  if (text !== '') keepDraft(conversation, [readDraft(conversation), text].filter(Boolean).join('\n\n'))
}

export function keepDraft(conversation: string, text: string): void {
  try {
    if (text === '') localStorage.removeItem(NAME + conversation)
    else localStorage.setItem(NAME + conversation, text)
  } catch {
    // A full or forbidden storage costs the draft after a reload, never the typing.
  }
}
