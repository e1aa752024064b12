import type { FastifyReply } from 'fastify'

/** Sends a document as it was issued, to the byte, with its hash. */
export const sendDocument = async (reply: FastifyReply, text: string, hash: Buffer) =>
  await reply.type('application/json; charset=utf-8').header('repr-digest', `sha-256=:${hash.toString('base64')}:`).serializer((body: string) => body).send(text)
