// The other end of packing.py: whole steps of one head, row by row.
async function unpack(text, rows, columns, steps) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const raw = new Uint8Array(await new Response(stream).arrayBuffer());
  const count = new DataView(raw.buffer).getUint32(0, true);
  const low = raw.length - count * (steps > 256 ? 2 : 1);
  const flat = new Uint16Array(rows * columns);
  let place = -1;
  for (let at = 4, number = 0; number < count; number++) {
    for (; raw[at] === 255; at++) place += 255;
    place += raw[at++] + 1;
    const high = steps > 256 ? raw[low + count + number] << 8 : 0;
    flat[(place % rows) * columns + Math.floor(place / rows)] = raw[low + number] + 1 + high;
  }
  return flat;
}
