/** Numbers for people. */

export { prettierBytes as bytes } from '@transloadit/prettier-bytes'

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
