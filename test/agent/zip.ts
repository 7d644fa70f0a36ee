import { crc32, deflateRawSync } from 'node:zlib'

/** One entry, with whatever it claims of itself. */
export interface Claim {
  readonly name: string
  readonly data?: string | Buffer
  /** Unix mode with the file's kind; a regular file unless said. */
  readonly mode?: number
  readonly size?: number
  readonly sum?: number
  readonly flags?: number
  /** What stands in place of the deflated data. */
  readonly packed?: Buffer
  /** Its bytes are those of the entry before. */
  readonly overlaps?: boolean
}

const FILE = 0o100644
export const LINK = 0o120777
export const PIPE = 0o010644

/** A zip as no honest writer would make it. */
export function craft(claims: readonly Claim[], count = claims.length): Buffer<ArrayBuffer> {
  const locals: Buffer[] = []
  const centrals: Buffer[] = []
  let offset = 0
  let last = 0
  let packed: Buffer = Buffer.alloc(0)
  for (const claim of claims) {
    const name = Buffer.from(claim.name)
    const data = Buffer.from(claim.data ?? '')
    if (!claim.overlaps) packed = claim.packed ?? deflateRawSync(data)
    const fields = (head: number) => {
      const out = Buffer.alloc(26)
      out.writeUInt16LE(20, 0)
      out.writeUInt16LE(0x800 | (claim.flags ?? 0), 2)
      out.writeUInt16LE(8, 4)
      out.writeUInt16LE(0x21, 8)
      out.writeUInt32LE(claim.sum ?? crc32(data), 10)
      out.writeUInt32LE(packed.length, 14)
      out.writeUInt32LE(claim.size ?? data.length, 18)
      out.writeUInt16LE(name.length, 22)
      return Buffer.concat([Buffer.from(head === 0x02014b50 ? [0x14, 0x03] : []), out])
    }
    if (!claim.overlaps) {
      last = offset
      const local = Buffer.concat([signature(0x04034b50), fields(0x04034b50), name, packed])
      locals.push(local)
      offset += local.length
    }
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(((claim.mode ?? FILE) << 16) >>> 0, 6)
    tail.writeUInt32LE(last, 10)
    centrals.push(Buffer.concat([signature(0x02014b50), fields(0x02014b50), tail, name]))
  }
  const directory = Buffer.concat(centrals)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(count, 8)
  end.writeUInt16LE(count, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, directory, end])
}

function signature(value: number): Buffer {
  const out = Buffer.alloc(4)
  out.writeUInt32LE(value)
  return out
}
