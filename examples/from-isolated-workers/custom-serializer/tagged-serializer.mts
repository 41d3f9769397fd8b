import { Serializer } from 'hawser';

type Tagged = { $: string; v: unknown };

/** JSON in which Date, Map and bigint survive. */
export class TaggedSerializer extends Serializer {
  terminator = '\n\n';

  serialize<T>(data: T): string {
    return JSON.stringify(data, function (this: Record<string, unknown>, key, value: unknown) {
      const original = this[key]; // JSON has called toJSON already
      if (original instanceof Date) return { $: 'date', v: original.getTime() };
      if (value instanceof Map) return { $: 'map', v: [...value] };
      return typeof value === 'bigint' ? { $: 'bigint', v: String(value) } : value;
    });
  }

  deserialize<T>(input: string | Uint8Array): T {
    const text = typeof input === 'string' ? input : new TextDecoder().decode(input);
    return JSON.parse(text, (_, value: Tagged | null) => {
      if (value?.$ === 'date') return new Date(value.v as number);
      if (value?.$ === 'map') return new Map(value.v as [unknown, unknown][]);
      return value?.$ === 'bigint' ? BigInt(value.v as string) : value;
    });
  }
}
