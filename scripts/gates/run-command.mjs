import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../project.mjs'

/** Runs a command in the repository and keeps what it prints. Never rejects. */
export function runCommand(command, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command[0], command.slice(1), {
      cwd: options.cwd ?? root,
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
    child.on('error', (error) => resolve({ status: 1, stdout, stderr: stderr + String(error) }))
    child.on('close', (status) => resolve({ status: status ?? 1, stdout, stderr }))
  })
}

/** The script of an installed package, run by this very Node. */
export function tool(path, ...args) {
  return [process.execPath, join(root, 'node_modules', path), ...args]
}

/** Throws what a failed command printed. */
export async function mustSucceed(command, options) {
  const result = await runCommand(command, options)
  if (result.status !== 0) {
    throw new Error(`${result.stdout}${result.stderr}`.trim() || `${command.join(' ')} failed`)
  }
  return result
}
