/** One part of a form. `filename` makes it a file; its bytes may come as a stream. */
export interface Part {
  readonly name: string
  readonly filename?: string
  readonly type?: string
  readonly bytes: Uint8Array | string
}

export const BOUNDARY = '----rig-boundary-7d93b2'
export const FORM = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }

const partHead = ({ name, filename, type }: Omit<Part, 'bytes'>) =>
  [
    `--${BOUNDARY}`,
    `Content-Disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}`,
    ...(type ? [`Content-Type: ${type}`] : []),
    '',
    '',
  ].join('\r\n')

/** What stands before and after the bytes of a single file. */
export const envelope = (filename = 'a.bin', name = 'file') => ({
  before: Buffer.from(partHead({ name, filename, type: 'application/octet-stream' })),
  after: Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
})

/** A whole form, byte by byte as it goes over the wire. */
export const form = (...parts: readonly Part[]): Buffer =>
  Buffer.concat([
    ...parts.flatMap((part) => [
      Buffer.from(partHead(part)),
      Buffer.from(part.bytes as string),
      Buffer.from('\r\n'),
    ]),
    Buffer.from(`--${BOUNDARY}--\r\n`),
  ])

export const fileForm = (bytes: Uint8Array | string, filename = 'a.bin'): Buffer =>
  form({ name: 'file', filename, type: 'application/octet-stream', bytes })
