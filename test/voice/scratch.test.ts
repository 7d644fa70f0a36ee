import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually } from '../rig/wait.ts'
import { bytesOf, startSpeech } from './rig.ts'
import { tone, wave } from './sounds.ts'

test('nothing of what was said is left on the disk, however it ended', { timeout: 180_000 }, async () => {
  const before = process.env.TMPDIR
  await using speech = await startSpeech({
    programs: { pocketsphinx_continuous: 'exit 3' },
  })
  const scratch = await mkdtemp(join(tmpdir(), 'ghost-scratch-'))
  process.env.TMPDIR = scratch
  const leftovers = () => readdir(scratch)
  try {
    await bytesOf(await speech.say({ text: 'Hello. Goodbye.' }))
    expect((await speech.hear(wave(0.1))).status).toBe(200)
    expect((await speech.hear(wave(1, tone))).status).toBe(502)
    expect((await speech.hear(Buffer.from('OggS and so on'))).status).toBe(415)
    expect((await speech.hear(Buffer.alloc((25 << 20) + 1))).status).toBe(413)
    await eventually('an empty folder', async () => (await leftovers()).length === 0)

    const leaving = new AbortController()
    const asked = speech.say({ text: 'Hello. '.repeat(500) }, leaving.signal)
    await eventually('something in it', async () => (await leftovers()).length > 0)
    await asked
    leaving.abort()
    await eventually('an empty folder', async () => (await leftovers()).length === 0)
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
    await rm(scratch, { recursive: true, force: true })
  }
})

/** What this process has open below a folder that is gone. */
async function openScratch(): Promise<string[]> {
  const files = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  )
  return files.filter((file) => file.includes('ghost-voice-'))
}

test.runIf(process.platform === 'linux')('what was spoken keeps nothing open', async () => {
  await using speech = await startSpeech({})
  for (let n = 0; n < 3; n += 1) await bytesOf(await speech.say({ text: 'Hello. Goodbye.' }))
  expect(await eventually('it is closed', async () => (await openScratch()).length === 0)).toBe(true)
})
