import { Type } from 'typebox'
import { event } from '#platform'

const Key = Type.Object({ version: Type.Integer({ description: 'Version of the agency\'s data key.' }) })

export const DataKeyRotated = event('dataKey.rotated', 1, 'Personal data is sealed with a new key from now on; what was sealed before is brought under it in the background.', Key)
export const DataKeyTakenUp = event('dataKey.takenUp', 1, 'No personal data is left under an older key.', Key)
