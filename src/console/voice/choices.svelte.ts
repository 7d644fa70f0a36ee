import { isRecord } from '../said.ts'

const NAME = 'ghost.voice'

/** Which answers are spoken. */
export const SPOKEN = ['after voice', 'never', 'always'] as const
export type Spoken = (typeof SPOKEN)[number]

/** How long it took until somebody heard something. */
export interface FirstSound {
  readonly sinceQuestionMs: number
  /** Since there was a sentence to make sound of. */
  readonly sinceSentenceMs: number
}

export interface VoiceChoices {
  readonly spoken: Spoken
  /** Words that were heard are sent without being shown first. */
  readonly isAtOnce: boolean
  /** Speaking stops the voice. Only with headphones: otherwise it hears itself. */
  readonly isInterruptible: boolean
}

const USUAL: VoiceChoices = { spoken: 'after voice', isAtOnce: false, isInterruptible: false }

/** What the person has chosen about voice, kept in this browser. */
class Choices {
  current = $state.raw<VoiceChoices>(read())
  /** Of the last answer that was spoken on this page. */
  firstSound = $state.raw<FirstSound | undefined>(undefined)

  change(part: Partial<VoiceChoices>): void {
    this.current = { ...this.current, ...part }
    try {
      localStorage.setItem(NAME, JSON.stringify(this.current))
    } catch {
      // It holds until the page is closed.
    }
  }
}

function read(): VoiceChoices {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(NAME) ?? '{}')
    if (!isRecord(kept)) return USUAL
    const { spoken } = kept
    return {
      spoken: spoken === 'never' || spoken === 'always' ? spoken : USUAL.spoken,
      isAtOnce: kept.isAtOnce === true,
      isInterruptible: kept.isInterruptible === true,
    }
  } catch {
    return USUAL
  }
}

export const voiceChoices = new Choices()
