// Flite as WebAssembly, in a process of its own: a sentence takes up to a second, in which nothing else could happen.
import { readFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { WASI } from 'node:wasi'

setPriority(10)

const FOLDER = 3
const flite = await WebAssembly.compile(readFileSync(process.argv[1]))

process.on('message', async ({ dir, voice, stretch }) => {
  try {
    const wasi = new WASI({
      version: 'preview1',
      args: [
        'flite',
        '-voice',
        voice,
        '--setf',
        `duration_stretch=${stretch}`,
        '-f',
        '/io/text',
        '-o',
        '/io/wave',
      ],
      env: {},
      preopens: { '/io': dir },
      returnOnExit: true,
    })
    try {
      const code = wasi.start(await WebAssembly.instantiate(flite, wasi.getImportObject()))
      process.send({ code })
    } finally {
      // The folder is its first descriptor, and would stay open until the collector comes by.
      wasi.wasiImport.fd_close(FOLDER)
    }
  } catch (error) {
    process.send({ code: String(error) })
  }
})
