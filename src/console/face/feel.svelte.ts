import type { Answer } from '../answer.svelte.ts'
import type { Desk } from '../desk.svelte.ts'
import { classOf, levelOf } from '../logclass.ts'
import type { Face } from './face.ts'
import { watchReading } from './reading.ts'

/** Of a burst of lines only the last few are felt: the rest is over before anybody could see it. */
const FELT_LINES = 6

/** Lets the face know what happens at the desk, until the returned function is called. */
export function feel(desk: Desk, face: Face): () => void {
  const { mood } = face
  const now = () => performance.now()
  const stopListening = desk.log.listen((lines) => {
    for (const { content, is_error } of lines.slice(-FELT_LINES)) {
      mood.hear({ kind: 'line', of: classOf(content, is_error) }, now())
      if (levelOf(content, is_error) === 'warning') mood.hear({ kind: 'warned' }, now())
    }
  })
  const stopEffects = $effect.root(() => {
    $effect(() => {
      const { health } = desk.connection
      mood.isTroubled = health !== 'online' && health !== 'connecting'
    })
    let watched: Answer | undefined
    let length = 0
    $effect(() => {
      const running = desk.conversation?.running
      mood.isRunning = running !== undefined
      if (running === watched) return
      if (running) {
        length = running.text.length
        mood.hear({ kind: 'asked' }, now())
      } else if (watched?.ending) {
        const { kind } = watched.ending
        const how = kind === 'done' || kind === 'stopped' ? kind : 'failed'
        mood.hear({ kind: 'ended', how }, now())
      }
      watched = running
    })
    $effect(() => {
      const said = desk.conversation?.running?.text.length ?? 0
      if (said > length) mood.hear({ kind: length === 0 ? 'spoke' : 'chunk' }, now())
      length = said
    })
    $effect(() => {
      const isTalking = (desk.conversation?.messages.length ?? 0) > 0
      const main = document.querySelector('main')
      if (!main) return
      return watchReading(main, ({ isRead, stage }) => {
        face.place(stage)
        face.behind(isTalking, isRead)
      })
    })
  })
  return () => {
    stopListening()
    stopEffects()
  }
}
