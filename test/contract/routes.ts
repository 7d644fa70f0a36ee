/** Every way into the gateway below `/api`, as a client asks for it. A test holds this list equal to the described one. */
export interface Way {
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly path: string
  /** As `openapi.json` names it. */
  readonly template: string
}

const id = '00000000-0000-4000-8000-000000000000'
const way = (method: Way['method'], template: string, path = template): Way => ({ method, path, template })

export const API: readonly Way[] = [
  way('POST', '/api/chat'),
  way('GET', '/api/chat/resume/{task_id}', `/api/chat/resume/${id}`),
  way('POST', '/api/chat/cancel/{task_id}', `/api/chat/cancel/${id}`),
  way('GET', '/api/chat/task/{task_id}', `/api/chat/task/${id}`),
  way('GET', '/api/chat/tasks'),
  way('POST', '/api/upload'),
  way('GET', '/api/download/{path}', '/api/download/a.txt'),
  way('HEAD', '/api/download/{path}', '/api/download/a.txt'),
  way('POST', '/api/workspace/save'),
  way('POST', '/api/workspace/load'),
  way('POST', '/api/stt'),
  way('POST', '/api/tts'),
  way('GET', '/api/openapi.json'),
]
