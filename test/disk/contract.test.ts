import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DiskStore } from '../../src/gateway/store/disk.ts'
import { storeContract } from '../store/contract.ts'

const KEPT =
  'the total cap bounds memory here and not what is kept; kept.test.ts has what is promised instead'

storeContract(
  'disk',
  async (limits, clock) => {
    const dir = await mkdtemp(join(tmpdir(), 'ghost-disk-'))
    const store = await DiskStore.open({ dir, limits, fsync: '1s', say() {}, ...(clock && { clock }) })
    return {
      store,
      async [Symbol.asyncDispose]() {
        await store.close()
        await rm(dir, { recursive: true })
      },
    }
  },
  {
    'frees the oldest finished logs before it is full, and no more than it must': KEPT,
    'says full when running tasks hold everything, and kills none of them': KEPT,
  },
)
