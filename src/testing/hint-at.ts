import { nearestName } from '../core/nearest-name.ts'

/** For an error's message: the name that is probably meant, or those that there are. */
export function hintAt(name: string, names: readonly string[], listed: string): string {
  const meant = nearestName(name, names)
  return meant === undefined ? `${listed}: ${names.join(', ') || 'none'}.` : `Is ${meant} meant?`
}
