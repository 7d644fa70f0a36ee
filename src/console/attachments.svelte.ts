import type { Api } from './api.ts'
import { isRecord } from './said.ts'
import { token } from './token.ts'

/** One file on its way to the agent, or there. */
export class Attachment {
  readonly id = token()
  readonly name: string
  readonly size: number
  part = $state(0)
  /** As the agent calls it, once it has it. */
  stored = $state<string | undefined>(undefined)
  failure = $state<string | undefined>(undefined)
  readonly #abort = new AbortController()

  constructor(file: File, api: Api) {
    this.name = file.name
    this.size = file.size
    api
      .upload(
        '/api/upload',
        named(file),
        (part) => {
          this.part = part
        },
        this.#abort.signal,
      )
      .then((body) => {
        this.part = 1
        this.stored = storedName(body) ?? file.name
      })
      .catch((error: unknown) => {
        this.failure = error instanceof Error ? error.message : 'it could not be sent'
      })
  }

  get isSending(): boolean {
    return this.stored === undefined && this.failure === undefined
  }

  abort(): void {
    this.#abort.abort()
  }
}

/** The files that go with the next message. */
export class Attachments {
  files = $state.raw<readonly Attachment[]>([])
  isSending = $derived(this.files.some((file) => file.isSending))
  readonly #api: Api

  constructor(api: Api) {
    this.#api = api
  }

  add(files: Iterable<File>): void {
    this.files = [...this.files, ...Array.from(files, (file) => new Attachment(file, this.#api))]
  }

  remove(file: Attachment): void {
    file.abort()
    this.files = this.files.filter((other) => other !== file)
  }

  /** The message with the files it speaks of, by the names under which the agent has them. */
  mention(text: string): string {
    const names = this.files.flatMap((file) => (file.stored === undefined ? [] : [`[file: ${file.stored}]`]))
    return [text.trim(), names.join('\n')].filter((part) => part !== '').join('\n\n')
  }

  clear(): void {
    this.files = []
  }
}

/** Phones call every photo `image.jpg`; a time keeps them apart. */
function named(file: File): File {
  const generic = /^(?:image|photo|video)\.(\w+)$/i.exec(file.name)
  if (!generic) return file
  const time = new Date().toISOString().slice(0, 19).replaceAll(/[T:]/g, '-')
  return new File([file], `${file.name.slice(0, -(generic[1]?.length ?? 0) - 1)}-${time}.${generic[1]}`, {
    type: file.type,
  })
}

function storedName(body: unknown): string | undefined {
  if (!isRecord(body)) return undefined
  return [body.path, body.filename, body.name].find((name) => typeof name === 'string' && name !== '') as
    | string
    | undefined
}
