export class RedisEngine { static open(_: object): never { throw new Error('todo'); } }
