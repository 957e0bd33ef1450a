/**
 * Ends the command without a word when whoever reads its output has seen enough, as head has: as SIGTERM does where the
 * command listens for that, else at once.
 */
export function endWithReader(): void {
  let ended = false
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (ended) return
    ended = true
    if (!process.emit('SIGTERM', 'SIGTERM')) process.exit()
  })
}
