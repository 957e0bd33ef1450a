// Run by a CommonJS application that has Millrace installed.
for (const entry of process.argv.slice(2)) {
  const names = Object.keys(require(entry))
  if (names.length === 0) throw new Error(`${entry} exports nothing`)
}
const { StreamsBuilder } = require('millrace')
if (typeof StreamsBuilder !== 'function') throw new Error('millrace exports no StreamsBuilder')
console.log('require ok')
