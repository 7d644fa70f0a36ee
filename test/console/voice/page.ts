import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { noFace, startBrowser } from '../browser.ts'

/** A browser whose microphone hears a file, and that lets every page have it. */
export async function startListeningBrowser(heard: Buffer): Promise<Browser & AsyncDisposable> {
  const dir = await mkdtemp(join(tmpdir(), 'ghost-heard-'))
  await writeFile(join(dir, 'heard.wav'), heard)
  const browser = await startBrowser([
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    `--use-file-for-fake-audio-capture=${join(dir, 'heard.wav')}%noloop`,
    '--autoplay-policy=no-user-gesture-required',
  ])
  browser.on('disconnected', () => void rm(dir, { recursive: true, force: true }))
  return browser
}

/** Without a face, and keeps every track that this page was ever given. `watched.door` keeps the microphone waiting. */
export const watchTracks = `${noFace}
  globalThis.watched = { tracks: [] }
  const { mediaDevices } = navigator
  const real = mediaDevices.getUserMedia.bind(mediaDevices)
  mediaDevices.getUserMedia = async (wanted) => {
    await watched.door
    const stream = await real(wanted)
    watched.tracks.push(...stream.getTracks())
    return stream
  }`

export const tracks = (page: Page) =>
  page.evaluate<string[]>('watched.tracks.map((track) => track.readyState)')

/** Holds a button, as a finger does. */
export async function hold(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).hover()
  await page.mouse.down()
}
